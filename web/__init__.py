"""CityLoop's doors: pages, API and command line over the engine."""
