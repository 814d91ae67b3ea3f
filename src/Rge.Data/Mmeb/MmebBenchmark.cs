namespace Rge.Data.Mmeb;

/// <summary>The 36 subsets of MMEB-V1 and what they belong to (Jiang et al. 2024, arXiv 2410.05160).</summary>
public static class MmebBenchmark
{
    /// <summary>The group of a subset that nothing is known of.</summary>
    public const string OtherGroup = "other";

    /// <summary>The meta-tasks with their subsets, in the order of the paper's tables.</summary>
    public static IReadOnlyList<(string Name, IReadOnlyList<string> Subsets)> Groups { get; } =
    [
        (
            "classification",
            [
                "ImageNet-1K",
                "N24News",
                "HatefulMemes",
                "VOC2007",
                "SUN397",
                "Place365",
                "ImageNet-A",
                "ImageNet-R",
                "ObjectNet",
                "Country211",
            ]
        ),
        ("vqa", ["OK-VQA", "A-OKVQA", "DocVQA", "InfographicsVQA", "ChartQA", "Visual7W", "ScienceQA", "VizWiz", "GQA", "TextVQA"]),
        (
            "retrieval",
            [
                "VisDial",
                "CIRR",
                "VisualNews_t2i",
                "VisualNews_i2t",
                "MSCOCO_t2i",
                "MSCOCO_i2t",
                "NIGHTS",
                "WebQA",
                "FashionIQ",
                "Wiki-SS-NQ",
                "OVEN",
                "EDIS",
            ]
        ),
        ("grounding", ["MSCOCO", "RefCOCO", "RefCOCO-Matching", "Visual7W-Pointing"]),
    ];

    /// <summary>The 20 subsets whose training data the benchmark has; the other 16 are out of distribution.</summary>
    public static IReadOnlyList<string> InDistribution { get; } =
    [
        "ImageNet-1K",
        "N24News",
        "HatefulMemes",
        "SUN397",
        "VOC2007",
        "InfographicsVQA",
        "ChartQA",
        "A-OKVQA",
        "DocVQA",
        "OK-VQA",
        "Visual7W",
        "VisDial",
        "CIRR",
        "NIGHTS",
        "WebQA",
        "VisualNews_i2t",
        "VisualNews_t2i",
        "MSCOCO_i2t",
        "MSCOCO_t2i",
        "MSCOCO",
    ];

    /// <summary>All subsets, meta-task by meta-task.</summary>
    public static IReadOnlyList<string> Subsets { get; } = [.. Groups.SelectMany(group => group.Subsets)];

    /// <summary>The 16 subsets that are out of distribution.</summary>
    public static IReadOnlyList<string> OutOfDistribution { get; } = [.. Subsets.Except(InDistribution, StringComparer.Ordinal)];

    /// <summary>The meta-task of a subset; <see cref="OtherGroup"/> for one that is not MMEB's.</summary>
    public static string GroupOf(string subset) =>
        Groups.FirstOrDefault(group => group.Subsets.Contains(subset, StringComparer.Ordinal)).Name ?? OtherGroup;
}
