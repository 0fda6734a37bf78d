"""Strategy parameters: raw and effective forms, files, exports."""
