namespace Rge.Data;

/// <summary>Why the image file of a row cannot be used, as far as that can be told without decoding it.</summary>
public enum ImageFileProblem
{
    /// <summary>There is no such file.</summary>
    Missing,

    /// <summary>Git LFS has left a pointer in its place, until the file is fetched.</summary>
    Pointer,
}
