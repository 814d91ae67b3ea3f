namespace Rge.Data.Mmeb;

/// <summary>Names of MMEB's columns, and of the additional columns that Rge reads.</summary>
internal static class MmebColumns
{
    public const string QueryInstruction = "qry_inst",
        QueryText = "qry_text",
        QueryImage = "qry_img_path",
        TargetInstruction = "tgt_inst",
        TargetText = "tgt_text",
        TargetImage = "tgt_img_path",
        TrainQueryText = "qry",
        TrainQueryImage = "qry_image_path",
        PositiveInstruction = "pos_inst",
        PositiveText = "pos_text",
        PositiveImage = "pos_image_path",
        NegativeInstruction = "neg_inst",
        NegativeText = "neg_text",
        NegativeImage = "neg_image_path",
        Rationale = "rationale",
        PositiveKey = "pos_key",
        NegativeKey = "neg_key";

    public const string EvaluationFile = "test-00000-of-00001.parquet",
        TrainingFile = "train-00000-of-00001.parquet",
        RationalesFile = "rationales.jsonl",
        ManifestFile = "manifest.json";

    public static IReadOnlyList<string> Evaluation { get; } =
    [QueryInstruction, QueryText, QueryImage, TargetInstruction, TargetText, TargetImage, Rationale];

    public static IReadOnlyList<string> Training { get; } =
    [
        QueryInstruction,
        TrainQueryText,
        TrainQueryImage,
        PositiveInstruction,
        PositiveText,
        PositiveImage,
        NegativeInstruction,
        NegativeText,
        NegativeImage,
        Rationale,
        PositiveKey,
        NegativeKey,
    ];

    /// <summary>Columns that say where a row is from and nothing of what a model reads: they are left out without asking.</summary>
    public static IReadOnlySet<string> Metadata { get; } =
        new HashSet<string>(StringComparer.OrdinalIgnoreCase)
        {
            "id",
            "_id",
            "idx",
            "index",
            "__index_level_0__",
            "row",
            "row_id",
            "qid",
            "query_id",
            "qry_id",
            "uid",
            "uuid",
            "dataset",
            "dataset_name",
            "global_dataset_name",
            "subset",
            "split",
            "source",
            "origin",
            "task",
            "task_id",
            "task_name",
            "task_type",
            "meta_task",
            "lang",
            "language",
            "license",
            "url",
        };
}
