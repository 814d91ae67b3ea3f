namespace Rge.Imaging;

/// <summary>An image cannot be used. The message names the image, what was found and what was expected.</summary>
public sealed class ImageInputException : RgeException
{
    /// <summary>Creates the exception.</summary>
    public ImageInputException(string message)
        : base(message) { }

    /// <summary>Creates the exception around the error that revealed the problem.</summary>
    public ImageInputException(string message, Exception? innerException)
        : base(message, innerException) { }

    /// <summary>Creates the exception with a general message.</summary>
    public ImageInputException()
        : base("The image cannot be used.") { }
}
