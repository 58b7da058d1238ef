"""Runs BPMN: the only room that knows SpiffWorkflow. No database, no clock; time comes with the ``Environment``."""
