namespace Rge.ShapeWorld.Scenes;

/// <summary>The 3×3 grid: where cells lie and which are neighbours.</summary>
internal static class Grid
{
    public const int Side = 3, Count = Side * Side;

    public static IReadOnlyList<Cell> Cells { get; } = Enum.GetValues<Cell>();

    public static IReadOnlyList<Direction> Directions { get; } = Enum.GetValues<Direction>();

    public static int Row(this Cell cell) => (int)cell / Side;

    public static int Column(this Cell cell) => (int)cell % Side;

    /// <summary>The neighbour in a direction; null beyond the edge.</summary>
    public static Cell? Step(this Cell cell, Direction direction) => direction switch
    {
        Direction.Left => cell.Column() > 0 ? cell - 1 : null,
        Direction.Right => cell.Column() < Side - 1 ? cell + 1 : null,
        Direction.Above => cell.Row() > 0 ? cell - Side : null,
        _ => cell.Row() < Side - 1 ? cell + Side : null,
    };

    /// <summary>The direction from a cell to its neighbour.</summary>
    public static Direction Towards(this Cell cell, Cell neighbour) => Directions.First(direction => cell.Step(direction) == neighbour);
}
