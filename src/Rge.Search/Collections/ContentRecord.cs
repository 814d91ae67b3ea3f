namespace Rge.Search.Collections;

/// <summary>
/// What the vector of a record was made from, so that an item whose key or metadata alone have changed is not embedded again.
/// </summary>
internal sealed class ContentRecord
{
    /// <summary>Id of the record.</summary>
    public string Id { get; set; } = "";

    /// <summary>Hash of its text and images.</summary>
    public string Content { get; set; } = "";
}
