namespace Rge.Files;

/// <summary>Errors in a JSON file of a checkpoint.</summary>
internal sealed class CheckpointJsonErrors(string path) : JsonErrors
{
    /// <inheritdoc/>
    public override Exception Error(string place, string problem, Exception? cause = null) =>
        new CheckpointException($"{path}: {(place.Length == 0 ? "the top level" : place)} {problem}.", cause);
}
