namespace Rge.ShapeWorld;

/// <summary>What is drawn: the same index means something else for each.</summary>
internal enum WorldStream
{
    Training,
    Pretraining,
    Labelled,
    Evaluation,
    Crops,
    Comparison,
}
