using Rge.Files;

namespace Rge.ShapeWorld.Scenes;

/// <summary>Objects on a 3×3 grid, at most one in a cell. Immutable and thread-safe; compared by reference.</summary>
public sealed class Scene
{
    private const int Parts = 10;

    private readonly SceneObject?[] _cells;

    /// <summary>Creates a scene.</summary>
    /// <param name="objects">The objects; no cell twice.</param>
    public Scene(IEnumerable<PlacedObject> objects)
    {
        ArgumentNullException.ThrowIfNull(objects);
        _cells = new SceneObject?[Grid.Count];
        foreach (var placed in objects)
        {
            if (_cells[(int)placed.Cell] is not null)
                throw new ArgumentException($"Two objects are in the cell {SceneWords.Name(placed.Cell)}.", nameof(objects));
            _cells[(int)placed.Cell] = placed.Object;
        }
        (Objects, Layout) = Read(_cells);
    }

    private Scene(SceneObject?[] cells)
    {
        _cells = cells;
        (Objects, Layout) = Read(cells);
    }

    /// <summary>The objects in reading order.</summary>
    public IReadOnlyList<PlacedObject> Objects { get; }

    /// <summary>Which kind is in which cell, as one number: equal for scenes that differ in sizes only.</summary>
    public ulong Layout { get; }

    /// <summary>The split the scene belongs to, which its layout decides.</summary>
    public WorldSplit Split =>
        (SplitMix64.Mix(Layout) % Parts) switch
        {
            0 => WorldSplit.Dev,
            1 => WorldSplit.Test,
            _ => WorldSplit.Train,
        };

    /// <summary>How the scene is drawn wherever it is shown; null where any drawing will do.</summary>
    internal SceneLook? Look { get; private init; }

    /// <summary>The object in a cell, or null.</summary>
    public SceneObject? this[Cell cell] => _cells[(int)cell];

    /// <summary>"red star northwest, blue ring center".</summary>
    public override string ToString() =>
        string.Join(", ", Objects.Select(placed => $"{SceneWords.Name(placed.Kind)} {SceneWords.Name(placed.Cell)}"));

    /// <summary>The scene in a look.</summary>
    internal Scene Seen(SceneLook look) => new(_cells) { Look = look };

    /// <summary>The scene with another object, or none, in a cell; seen in the same look.</summary>
    internal Scene With(Cell cell, SceneObject? content)
    {
        var cells = (SceneObject?[])_cells.Clone();
        cells[(int)cell] = content;
        return new Scene(cells) { Look = Look };
    }

    /// <summary>The scene with the contents of two cells exchanged.</summary>
    internal Scene Swapped(Cell one, Cell other) => With(one, this[other]).With(other, this[one]);

    /// <summary>How many objects satisfy a condition.</summary>
    internal int Count(Func<PlacedObject, bool> condition)
    {
        var count = 0;
        foreach (var placed in Objects)
            if (condition(placed))
                count++;
        return count;
    }

    /// <summary>The objects that are the only ones of their kind, and so can be referred to.</summary>
    internal IEnumerable<PlacedObject> Landmarks() => Objects.Where(placed => Count(other => other.Kind == placed.Kind) == 1);

    /// <summary>The object next to a cell, if there is one.</summary>
    internal PlacedObject? Neighbour(Cell cell, Direction direction) =>
        cell.Step(direction) is { } next && this[next] is { } content ? new PlacedObject(next, content) : null;

    /// <summary>All objects in reading order, cell first: "northwest red star center blue ring".</summary>
    internal string Listing() => SceneWords.List(Objects);

    private static (PlacedObject[] Objects, ulong Layout) Read(SceneObject?[] cells)
    {
        var count = 0;
        foreach (var content in cells)
            if (content is not null)
                count++;
        var (objects, layout) = (new PlacedObject[count], 0UL);
        count = 0;
        for (var i = 0; i < cells.Length; i++)
        {
            // 101 contents of nine cells fit into 64 bits.
            layout = layout * 101 + (cells[i] is { } content ? (ulong)content.Kind.Index + 1 : 0);
            if (cells[i] is { } item)
                objects[count++] = new PlacedObject((Cell)i, item);
        }
        return (objects, layout);
    }
}
