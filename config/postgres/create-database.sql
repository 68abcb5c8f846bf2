-- Creates the service's database beside the app's. Postgres runs this once, when the volume is new.
CREATE DATABASE grocery_planner_ai;
