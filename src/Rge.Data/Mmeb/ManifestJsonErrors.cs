using Rge.Files;

namespace Rge.Data.Mmeb;

/// <summary>Errors in a manifest.json.</summary>
/// <param name="path">The file.</param>
internal sealed class ManifestJsonErrors(string path) : JsonErrors
{
    /// <inheritdoc/>
    public override string TextName => "a text";

    /// <inheritdoc/>
    public override Exception Error(string place, string problem, Exception? cause = null) =>
        new DatasetException($"{path}: {(place.Length == 0 ? "the file" : place)} {problem}.", cause);
}
