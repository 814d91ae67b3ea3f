namespace Rge.Training.Settings;

/// <summary>What a phase of a run teaches.</summary>
public enum TrainingTask
{
    /// <summary>ShapeWorld only: the vision tower names what is in each cell, through a linear head that is thrown away.</summary>
    Cells,

    /// <summary>ShapeWorld only: next-token prediction on captions and simple questions, what a pretrained backbone would know.</summary>
    Language,

    /// <summary>ShapeWorld only: as <see cref="Language"/>, and also about which objects of a picture are alike.</summary>
    Likeness,

    /// <summary>The joint objective on queries and targets.</summary>
    Pairs,
}
