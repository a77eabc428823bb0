"""The one kit for every page: frame, elements, charts, drawings of graphs."""
