namespace Rge.Search.Collections;

/// <summary>A small image of an item, beside the records so that reading those stays cheap.</summary>
internal sealed class ThumbnailRecord
{
    /// <summary>Id of the item.</summary>
    public string Id { get; set; } = "";

    /// <summary>A JPEG in base64, since not every store keeps bytes.</summary>
    public string Jpeg { get; set; } = "";
}
