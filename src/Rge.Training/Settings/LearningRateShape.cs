namespace Rge.Training.Settings;

/// <summary>The learning-rate schedule after the warm-up.</summary>
public enum LearningRateShape
{
    /// <summary>It stays.</summary>
    Constant,

    /// <summary>It falls in a straight line to the final fraction.</summary>
    Linear,

    /// <summary>It falls along half a cosine to the final fraction.</summary>
    Cosine,
}
