"""The engine: any set of records compared, scored and clustered by a specification."""
