using System.Runtime.InteropServices;

namespace Rge.Data.Mmeb;

/// <summary>The columns that an item of a row is made from.</summary>
/// <param name="Instruction">What is asked of the text or image, where a file has it in a column of its own.</param>
/// <param name="Text">The text.</param>
/// <param name="Image">Path of the image.</param>
/// <param name="AreLists">Whether a cell holds several items.</param>
[StructLayout(LayoutKind.Auto)]
internal readonly record struct ItemColumns(string Instruction, string Text, string Image, bool AreLists)
{
    public static ItemColumns Query { get; } =
        new(MmebColumns.QueryInstruction, MmebColumns.QueryText, MmebColumns.QueryImage, AreLists: false);

    public static ItemColumns Candidates { get; } =
        new(MmebColumns.TargetInstruction, MmebColumns.TargetText, MmebColumns.TargetImage, AreLists: true);

    public static ItemColumns TrainingQuery { get; } =
        new(MmebColumns.QueryInstruction, MmebColumns.TrainQueryText, MmebColumns.TrainQueryImage, AreLists: false);

    public static ItemColumns Positives { get; } =
        new(MmebColumns.PositiveInstruction, MmebColumns.PositiveText, MmebColumns.PositiveImage, AreLists: false);

    public static ItemColumns Negatives { get; } =
        new(MmebColumns.NegativeInstruction, MmebColumns.NegativeText, MmebColumns.NegativeImage, AreLists: true);
}
