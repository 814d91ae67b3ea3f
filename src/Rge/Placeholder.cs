namespace Rge;
