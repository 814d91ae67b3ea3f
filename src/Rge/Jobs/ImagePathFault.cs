namespace Rge.Jobs;

/// <summary>Why a text in a row of JSON Lines is not the path of an image.</summary>
public enum ImagePathFault
{
    /// <summary>It may be one.</summary>
    None,

    /// <summary>It is empty.</summary>
    Empty,

    /// <summary>It is an address, or the data of an image.</summary>
    Address,

    /// <summary>It has a character of code 0.</summary>
    Nul,
}
