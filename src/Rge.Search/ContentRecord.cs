namespace Rge.Search;

/// <summary>Where the vector of a content is, so that an item whose key or metadata alone have changed is not embedded again.</summary>
internal sealed class ContentRecord
{
    /// <summary>Hash of text and pictures.</summary>
    public string Id { get; set; } = "";

    /// <summary>Id of a record that has, or had, this content.</summary>
    public string Item { get; set; } = "";
}
