"""CityLoop's engine: everything below the doors. Knows nothing of Flask."""
