using Rge.Files;
using Rge.Search;
using Rge.Server.Errors;
using Rge.Server.Requests;

namespace Rge.Server.Collections;

/// <summary>A collection to make.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Dimensions">Values of a vector; null for the model's.</param>
/// <param name="Instruction">The instruction that the model reads with each item.</param>
/// <param name="Index">How a store with a choice searches.</param>
internal sealed record CollectionRequest(string Name, int? Dimensions, string? Instruction, CollectionIndex Index)
{
    public static RequestMembers Members { get; } = new("name", "instruction", "dimensions", "index");

    /// <summary>Reads a request.</summary>
    /// <exception cref="ApiException">The request cannot be understood.</exception>
    public static CollectionRequest Read(JsonField body, RequestReader reader)
    {
        Members.Check(body);
        return new CollectionRequest(
            body["name"].Text(),
            reader.Dimensions(body["dimensions"]),
            body["instruction"].Text(null),
            body["index"].Choice(SearchNames.Indexes) ?? CollectionIndex.Exact
        );
    }
}
