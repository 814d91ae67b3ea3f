namespace Rge.Presets;

/// <summary>What takes the place of a name in braces in a <see cref="PromptPattern"/>.</summary>
public enum PromptSlot
{
    /// <summary><c>{item}</c>: texts and images in the order of the item, with the spaces between them.</summary>
    Item,

    /// <summary><c>{images}</c>: the images of the item, nothing between them.</summary>
    Images,

    /// <summary><c>{text}</c>: the text of the item.</summary>
    Text,

    /// <summary><c>{instruction}</c>: the instruction; without this slot it goes before the text.</summary>
    Instruction,

    /// <summary><c>{query}</c>: images and text of a reranker's query.</summary>
    Query,

    /// <summary><c>{document}</c>: images and text of a reranker's document.</summary>
    Document,
}
