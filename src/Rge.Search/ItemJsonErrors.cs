using System.Text.Json;
using Rge.Files;

namespace Rge.Search;

/// <summary>Errors in JSON that items and metadata are read from. Immutable and thread-safe.</summary>
/// <param name="end">What ends a sentence: a full stop, or nothing where it becomes a part of another.</param>
internal sealed class ItemJsonErrors(string end) : JsonErrors
{
    /// <inheritdoc/>
    public override string TextName => "a text";

    /// <inheritdoc/>
    public override Exception Error(string place, string problem, Exception? cause = null) =>
        new SearchException($"{place} {problem}{end}", cause);

    /// <inheritdoc/>
    public override Exception InvalidText(string place, Exception cause) =>
        Error(place, "has half of a character in it (a lone surrogate)", cause);

    /// <inheritdoc/>
    public override Exception InvalidName(string place, Exception cause) =>
        Error(place.Length == 0 ? "a field" : place, "has a name that is not valid Unicode text", cause);

    /// <inheritdoc/>
    public override string Show(JsonElement value) => KindOf(value);
}
