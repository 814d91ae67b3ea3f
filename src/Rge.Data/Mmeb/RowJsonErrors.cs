using Rge.Files;

namespace Rge.Data.Mmeb;

/// <summary>Errors in the rows of a file.</summary>
/// <param name="row">Names the file and the row that is being read.</param>
internal sealed class RowJsonErrors(Func<string> row) : JsonErrors
{
    /// <inheritdoc/>
    public override string TextName => "a text";

    /// <inheritdoc/>
    public override Exception Error(string place, string problem, Exception? cause = null) =>
        new DatasetException($"{row()}: {(place.Length == 0 ? "the row" : place)} {problem}.", cause);

    /// <inheritdoc/>
    public override Exception InvalidName(string place, Exception cause) => InvalidText("the name of a field", cause);
}
