"""Pictures compared by what can be seen in them: local features, where these lie, and what lies between."""
