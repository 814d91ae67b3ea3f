using Rge.Search;

namespace Rge.Server.Requests;

/// <summary>A collection to make.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Dimensions">Values of a vector; null for the model's.</param>
/// <param name="Instruction">What the model is told to do with each item.</param>
/// <param name="Index">How a store with a choice searches.</param>
internal sealed record CollectionRequest(string Name, int? Dimensions, string? Instruction, CollectionIndex Index);
