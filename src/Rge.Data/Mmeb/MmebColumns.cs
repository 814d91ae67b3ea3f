namespace Rge.Data.Mmeb;

/// <summary>Names of MMEB's columns, and of those that stand beside them here.</summary>
internal static class MmebColumns
{
    public const string
        QueryText = "qry_text", QueryImage = "qry_img_path", TargetText = "tgt_text", TargetImage = "tgt_img_path",
        TrainQueryText = "qry", TrainQueryImage = "qry_image_path", PositiveText = "pos_text", PositiveImage = "pos_image_path",
        NegativeText = "neg_text", NegativeImage = "neg_image_path",
        Rationale = "rationale", PositiveKey = "pos_key", NegativeKey = "neg_key";

    public const string
        EvaluationFile = "test-00000-of-00001.parquet", TrainingFile = "train-00000-of-00001.parquet",
        RationalesFile = "rationales.jsonl", ManifestFile = "manifest.json";

    public static IReadOnlyList<string> Evaluation { get; } = [QueryText, QueryImage, TargetText, TargetImage, Rationale];

    public static IReadOnlyList<string> Training { get; } =
        [TrainQueryText, TrainQueryImage, PositiveText, PositiveImage, NegativeText, NegativeImage, Rationale, PositiveKey, NegativeKey];
}
