namespace Rge.ShapeWorld.Scenes;

/// <summary>Which part of all scenes is drawn from. No scene is in two of them.</summary>
public enum WorldSplit
{
    /// <summary>Eight scenes in ten: to learn from.</summary>
    Train,

    /// <summary>One scene in ten: to choose settings by.</summary>
    Dev,

    /// <summary>One scene in ten: to report.</summary>
    Test,
}
