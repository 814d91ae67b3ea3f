namespace Rge.Server.Requests;

/// <summary>A form in which an embedding is sent.</summary>
internal enum VectorEncoding
{
    /// <summary>A list of numbers.</summary>
    Float,

    /// <summary>Base64 of float32, little-endian.</summary>
    Base64,

    /// <summary>A list of whole numbers from -127 to 127.</summary>
    Int8,

    /// <summary>The same, 128 more each.</summary>
    Uint8,

    /// <summary>As <see cref="Ubinary"/>, 128 less each.</summary>
    Binary,

    /// <summary>The signs, eight a number: the first component is the highest bit of the first.</summary>
    Ubinary,
}
