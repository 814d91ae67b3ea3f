namespace Rge.ShapeWorld.Scenes;

/// <summary>The cells of the grid in reading order.</summary>
public enum Cell
{
    /// <summary>Top left.</summary>
    Northwest,

    /// <summary>Top.</summary>
    North,

    /// <summary>Top right.</summary>
    Northeast,

    /// <summary>Left.</summary>
    West,

    /// <summary>Middle.</summary>
    Center,

    /// <summary>Right.</summary>
    East,

    /// <summary>Bottom left.</summary>
    Southwest,

    /// <summary>Bottom.</summary>
    South,

    /// <summary>Bottom right.</summary>
    Southeast,
}
