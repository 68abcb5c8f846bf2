-- Ours, beside the app's. Run once, when the volume is new.
CREATE DATABASE grocery_planner_ai;
