"""What scripts written for other packages find here under the names they know."""
