using Microsoft.AspNetCore.Http;
using Rge.Files;
using Rge.Server.Errors;

namespace Rge.Server.Requests;

/// <summary>What requests may ask of the model, and answers say of it. Immutable.</summary>
/// <param name="Names">Names that requests may call it by, at least one.</param>
/// <param name="Dimensions">Length of its embeddings.</param>
/// <param name="MinPixels">Area that smaller images are enlarged to.</param>
/// <param name="MaxPixels">Area that larger images are reduced to.</param>
/// <param name="ImageTokenSide">Pixels on a side of the square that becomes one token.</param>
internal sealed record ModelDescription(IReadOnlyList<string> Names, int Dimensions, int MinPixels, int MaxPixels, int ImageTokenSide)
{
    /// <summary>Its name in answers.</summary>
    public string Name => Names[0];

    /// <summary>Refuses names of other models, so that no client takes this model's embeddings for theirs.</summary>
    /// <exception cref="ApiException">The name is another's (404).</exception>
    public void Require(string name)
    {
        if (Names.Contains(name, StringComparer.Ordinal))
            return;
        throw new ApiException(
            StatusCodes.Status404NotFound,
            $"The model '{JsonField.Shorten(name)}' is not here, expected {string.Join(" or ", Names)}."
        )
        {
            Param = "model",
            Code = "model_not_found",
        };
    }
}
