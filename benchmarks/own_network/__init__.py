"""The papers' claim where it was made: a network that learns the images, embeddings that choose."""
