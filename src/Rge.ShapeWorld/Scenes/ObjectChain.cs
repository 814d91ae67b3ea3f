using Rge.Files;

namespace Rge.ShapeWorld.Scenes;

/// <summary>
/// A walk from neighbour to neighbour over every object of a scene, which describes the scene without an image. Immutable.
/// </summary>
internal sealed class ObjectChain
{
    private readonly Scene _scene;
    private readonly Cell[] _cells;

    private ObjectChain(Scene scene, Cell[] cells) => (_scene, _cells) = (scene, cells);

    /// <summary>A random walk; null where the objects do not hang together like that.</summary>
    public static ObjectChain? Sample(SplitMix64 random, Scene scene)
    {
        var cells = new Cell[scene.Objects.Count];
        var starts = scene.Objects.Select(placed => placed.Cell).ToArray();
        random.Shuffle<Cell>(starts);
        return starts.Any(start => Visit(start, 0)) ? new ObjectChain(scene, cells) : null;

        bool Visit(Cell cell, int visited)
        {
            cells[visited++] = cell;
            if (visited == cells.Length)
                return true;
            foreach (var direction in random.Choose<Direction>([.. Grid.Directions], Grid.Directions.Count))
                if (
                    scene.Neighbour(cell, direction) is { } next
                    && !cells.AsSpan(0, visited).Contains(next.Cell)
                    && Visit(next.Cell, visited)
                )
                    return true;
            return false;
        }
    }

    /// <summary>"a red star in the center then left a blue ring then below a green bar".</summary>
    public string Describe() =>
        $"{SceneWords.One(Kind(0))} in the {SceneWords.Name(_cells[0])}"
        + string.Concat(
            Enumerable
                .Range(1, _cells.Length - 1)
                .Select(i => $" then {SceneWords.Name(_cells[i - 1].Towards(_cells[i]))} {SceneWords.One(Kind(i))}")
        );

    /// <summary>"center red star west blue ring southwest green bar".</summary>
    public string Resolve() => string.Join(' ', _cells.Select((cell, i) => $"{SceneWords.Name(cell)} {SceneWords.Name(Kind(i))}"));

    private ObjectKind Kind(int index) => _scene[_cells[index]]!.Value.Kind;
}
