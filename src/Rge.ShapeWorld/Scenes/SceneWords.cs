namespace Rge.ShapeWorld.Scenes;

/// <summary>How things are called: one lower-case word each, and a kind two.</summary>
internal static class SceneWords
{
    private static readonly string[] Colors = Names<ObjectColor>(),
        Shapes = Names<ObjectShape>(),
        Cells = Names<Cell>(),
        Directions = Names<Direction>();
    private static readonly string[] Kinds = [.. ObjectKind.All.Select(kind => $"{Name(kind.Color)} {Name(kind.Shape)}")];
    private static readonly string[] Numbers = ["zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine"];

    public static string Name(ObjectColor color) => Colors[(int)color];

    public static string Name(ObjectShape shape) => Shapes[(int)shape];

    public static string Name(Cell cell) => Cells[(int)cell];

    public static string Name(Direction direction) => Directions[(int)direction];

    public static string Name(ObjectKind kind) => Kinds[kind.Index];

    public static string Name(ObjectTrait trait) => trait == ObjectTrait.Color ? "color" : "shape";

    public static string Name(ObjectTrait trait, ObjectKind kind) => trait == ObjectTrait.Color ? Name(kind.Color) : Name(kind.Shape);

    /// <summary>The word for a number up to nine.</summary>
    public static string Name(int number) => Numbers[number];

    /// <summary>The kind with its article: "a red star", "an orange bar".</summary>
    public static string One(ObjectKind kind) => kind.Color == ObjectColor.Orange ? "an " + Name(kind) : "a " + Name(kind);

    /// <summary>Objects with the cell first: "northwest red star center blue ring".</summary>
    public static string List(IEnumerable<PlacedObject> objects) =>
        string.Join(' ', objects.Select(placed => $"{Name(placed.Cell)} {Name(placed.Kind)}"));

    /// <summary>What is in a cell: a kind, or "nothing".</summary>
    public static string Content(Scene scene, Cell cell) => scene[cell] is { } content ? Name(content.Kind) : "nothing";

    /// <summary>The colour or shape of all objects: "northwest red north blue center red".</summary>
    public static string List(Scene scene, ObjectTrait trait) =>
        string.Join(' ', scene.Objects.Select(placed => $"{Name(placed.Cell)} {Name(trait, placed.Kind)}"));

    /// <summary>
    /// All objects compared with a colour or shape, matches counted aloud: "northwest red red one north red blue center red red
    /// two".
    /// </summary>
    public static string Count(Scene scene, ObjectTrait trait, string value)
    {
        var count = 0;
        return string.Join(
            ' ',
            scene.Objects.Select(placed => Compare(placed, trait, value) + (Name(trait, placed.Kind) == value ? $" {Name(++count)}" : ""))
        );
    }

    /// <summary>
    /// The objects that come after one in reading order, and from the last on those from the first, compared with its colour or shape, up
    /// to one that has it: "north red blue center red red". Null where none has.
    /// </summary>
    public static string? Search(Scene scene, PlacedObject mark, ObjectTrait trait)
    {
        var value = Name(trait, mark.Kind);
        var others = scene
            .Objects.Where(placed => placed.Cell > mark.Cell)
            .Concat(scene.Objects.Where(placed => placed.Cell < mark.Cell))
            .ToArray();
        var found = Array.FindIndex(others, placed => Name(trait, placed.Kind) == value);
        return found < 0 ? null : string.Join(' ', others[..(found + 1)].Select(placed => Compare(placed, trait, value)));
    }

    /// <summary>"left of", "above": a direction before the object it counts from.</summary>
    public static string Relation(Direction direction) =>
        direction is Direction.Left or Direction.Right ? Name(direction) + " of" : Name(direction);

    /// <summary>
    /// An object compared with a colour or shape: "northwest red blue", in the northwest, red is asked for and blue is there.
    /// </summary>
    /// <remarks>Two equal words next to each other are noticed by models that do not notice them at a distance.</remarks>
    public static string Compare(PlacedObject placed, ObjectTrait trait, string value) =>
        $"{Name(placed.Cell)} {value} {Name(trait, placed.Kind)}";

    private static string[] Names<T>()
        where T : struct, Enum => [.. Enum.GetNames<T>().Select(name => name.ToLowerInvariant())];
}
