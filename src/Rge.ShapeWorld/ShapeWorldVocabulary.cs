using Rge.ShapeWorld.Scenes;

namespace Rge.ShapeWorld;

/// <summary>Every word that queries, rationales and targets are made of.</summary>
public static class ShapeWorldVocabulary
{
    /// <summary>The words, each lower case and of letters only, none twice.</summary>
    public static IReadOnlyList<string> Words { get; } =
    [
        .. Enum.GetValues<ObjectColor>().Select(Scenes.Words.Of),
        .. Enum.GetValues<ObjectShape>().Select(Scenes.Words.Of),
        .. Enum.GetValues<Cell>().Select(Scenes.Words.Of),
        .. Enum.GetValues<Direction>().Select(Scenes.Words.Of),
        .. Enumerable.Range(1, 9).Select(Scenes.Words.Of),
        "a", "all", "an", "and", "as", "at", "by", "caption", "class", "classify", "color", "common", "count", "crop", "describe", "ends",
        "find", "for", "from", "full", "go", "has", "have", "how", "in", "is", "it", "list", "many", "most", "name", "nothing", "object",
        "objects", "of", "other", "picture", "place", "put", "remove", "replace", "represent", "row", "same", "shape", "show", "so", "start",
        "swap", "that", "the", "then", "there", "this", "twin", "twins", "what", "where", "which", "with", "without",
    ];
}
