namespace Mistral.Ilgpu.Tokenization;

public enum ChatRole
{
    System,
    User,
    Assistant,
    Tool,
}
