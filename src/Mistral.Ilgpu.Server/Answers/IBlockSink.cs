namespace Mistral.Ilgpu.Server.Answers;

/// <summary>Is told of an answer's blocks while they are made.</summary>
internal interface IBlockSink
{
    void Begin(AnswerBlock block);

    void Add(AnswerBlock block, string text);

    void End(AnswerBlock block);
}
