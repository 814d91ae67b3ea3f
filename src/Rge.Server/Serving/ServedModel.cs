using Microsoft.AspNetCore.Http;
using Rge.Server.Requests;

namespace Rge.Server.Serving;

/// <summary>The model that the server has.</summary>
/// <param name="Embedder">The embedder; whoever holds this only borrows it.</param>
/// <param name="Names">Names that requests may call it by, at least one.</param>
/// <param name="Dimensions">Length of its embeddings.</param>
internal sealed record ServedModel(ReasoningEmbedder Embedder, IReadOnlyList<string> Names, int Dimensions)
{
    /// <summary>When it was loaded.</summary>
    public DateTimeOffset Loaded { get; } = DateTimeOffset.UtcNow;

    /// <summary>Its name in answers.</summary>
    public string Name => Names[0];

    /// <summary>Refuses names of other models, so that nobody takes this one's embeddings for theirs.</summary>
    /// <exception cref="ApiException">The name is another's (404).</exception>
    public void Require(string name)
    {
        if (!Names.Contains(name, StringComparer.Ordinal))
            throw new ApiException(StatusCodes.Status404NotFound, $"The model '{JsonField.Shorten(name)}' is not here, expected {string.Join(" or ", Names)}.") { Param = "model", Code = "model_not_found" };
    }
}
