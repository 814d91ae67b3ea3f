namespace Rge.Training.Settings;

/// <summary>What the samples of one sub-batch have in common.</summary>
public enum BatchMixing
{
    /// <summary>Nothing: each group of samples comes from a dataset of its own.</summary>
    Mixed,

    /// <summary>The meta-task: classification, VQA, retrieval or grounding.</summary>
    MetaTask,

    /// <summary>The dataset.</summary>
    Dataset,
}
