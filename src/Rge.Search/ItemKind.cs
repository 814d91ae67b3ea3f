namespace Rge.Search;

/// <summary>What an item of a collection consists of.</summary>
public enum ItemKind
{
    /// <summary>A text.</summary>
    Text,

    /// <summary>One or more images.</summary>
    Image,

    /// <summary>Images and a text.</summary>
    ImageAndText,
}
