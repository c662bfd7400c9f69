"""intake takes what cadres and residents bring in: visits and petitions."""
