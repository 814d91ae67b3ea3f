namespace Rge.Search;

/// <summary>What an item of a collection consists of.</summary>
public enum ItemKind
{
    /// <summary>A text.</summary>
    Text,

    /// <summary>One or more pictures.</summary>
    Image,

    /// <summary>Pictures and a text.</summary>
    ImageAndText,
}
