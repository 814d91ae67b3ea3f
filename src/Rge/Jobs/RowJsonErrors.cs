using System.Text.Json;
using Rge.Files;

namespace Rge.Jobs;

/// <summary>Errors in a row of JSON Lines; the file and the line are told by whoever reports the row. Stateless and thread-safe.</summary>
internal sealed class RowJsonErrors : JsonErrors
{
    public static RowJsonErrors Instance { get; } = new();

    /// <inheritdoc/>
    public override string TextName => "text";

    /// <inheritdoc/>
    public override Exception Error(string place, string problem, Exception? cause = null) =>
        new FormatException($"{place} {problem}", cause);

    /// <inheritdoc/>
    public override Exception InvalidText(string place, Exception cause) =>
        new FormatException("it has half of a surrogate pair, such as \\ud800 alone, expected whole characters", cause);

    /// <inheritdoc/>
    public override Exception InvalidName(string place, Exception cause) => InvalidText(place, cause);

    /// <inheritdoc/>
    public override string Show(JsonElement value) => KindOf(value);
}
