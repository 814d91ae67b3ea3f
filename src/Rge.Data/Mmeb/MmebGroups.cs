namespace Rge.Data.Mmeb;

/// <summary>Which meta-task each subset of MMEB belongs to.</summary>
internal static class MmebGroups
{
    /// <summary>The group of a dataset that nothing is known of.</summary>
    public const string Unknown = "other";

    private static readonly Dictionary<string, string> Groups = new (string Group, string[] Names)[]
    {
        ("classification", ["ImageNet-1K", "N24News", "HatefulMemes", "VOC2007", "SUN397", "Place365", "ImageNet-A", "ImageNet-R", "ObjectNet", "Country211"]),
        ("vqa", ["OK-VQA", "A-OKVQA", "DocVQA", "InfographicsVQA", "ChartQA", "Visual7W", "ScienceQA", "VizWiz", "GQA", "TextVQA"]),
        ("retrieval", ["VisDial", "CIRR", "VisualNews_t2i", "VisualNews_i2t", "MSCOCO_t2i", "MSCOCO_i2t", "NIGHTS", "WebQA", "FashionIQ", "Wiki-SS-NQ", "OVEN", "EDIS"]),
        ("grounding", ["MSCOCO", "RefCOCO", "RefCOCO-Matching", "Visual7W-Pointing"]),
    }.SelectMany(group => group.Names.Select(name => (Name: name, group.Group))).ToDictionary(pair => pair.Name, pair => pair.Group, StringComparer.Ordinal);

    public static string Of(string dataset) => Groups.GetValueOrDefault(dataset, Unknown);
}
