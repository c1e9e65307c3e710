namespace Mistral.Ilgpu.TinyModel;

/// <summary>The shape of the built-in model.</summary>
public static class Shape
{
    public const int Vocabulary = 1024;
    public const int Dim = 256;
    public const int Layers = 6;
    public const int Heads = 8;
    public const int KvHeads = 2;
    public const int HeadDim = 32;
    public const int FeedForward = 256;
    public const int Window = 64;
    public const double Theta = 10000;
    public const float Epsilon = 1e-5f;
}
