using System.Buffers;
using PieceType = Mistral.Ilgpu.Tokenization.Proto.ModelProto.Types.SentencePiece.Types.Type;

namespace Mistral.Ilgpu.Tokenization;

/// <summary>A run of the normalized text and its piece. <see cref="Id"/> is -1 if no piece matches.</summary>
internal readonly record struct Segment(int Start, int Length, int Id);
