"""One evaluator for matching: labelled sets, the engine and its anchors, figures and charts."""
