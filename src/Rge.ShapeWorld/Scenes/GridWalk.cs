namespace Rge.ShapeWorld.Scenes;

/// <summary>Two steps from an object that is alone of its kind: over a second object to a third.</summary>
/// <param name="Start">Where it begins.</param>
/// <param name="First">The first step.</param>
/// <param name="Middle">The object after the first step.</param>
/// <param name="Second">The second step.</param>
/// <param name="End">The object after the second step; not the one it began with.</param>
internal readonly record struct GridWalk(PlacedObject Start, Direction First, PlacedObject Middle, Direction Second, PlacedObject End)
{
    /// <summary>Every walk in a scene.</summary>
    public static IEnumerable<GridWalk> In(Scene scene) =>
        from start in scene.Landmarks()
        from first in Grid.Directions
        let middle = scene.Neighbour(start.Cell, first)
        where middle is not null
        from second in Grid.Directions
        let end = scene.Neighbour(middle.Value.Cell, second)
        where end is not null && end.Value.Cell != start.Cell
        select new GridWalk(start, first, middle.Value, second, end.Value);

    /// <summary>"brown circle northeast left north green square below center yellow circle".</summary>
    public string Steps()
    {
        var start = $"{SceneWords.Name(Start.Kind)} {SceneWords.Name(Start.Cell)}";
        var middle = $"{SceneWords.Name(First)} {SceneWords.Name(Middle.Cell)} {SceneWords.Name(Middle.Kind)}";
        return $"{start} {middle} {SceneWords.Name(Second)} {SceneWords.Name(End.Cell)} {SceneWords.Name(End.Kind)}";
    }
}
